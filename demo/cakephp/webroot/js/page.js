const state = document.getElementById('state');
const reports = document.getElementById('reports');
const toasts = document.getElementById('toasts');

// The layout's tag connects, and each event is one of the document's.
document.addEventListener('sse-status', ({ detail }) => {
    const words = { open: 'live', lost: 'connecting' };
    show(words[detail.status] ?? detail.status);
});

document.addEventListener('sse:toast', ({ detail: { data: { message, type } } }) => {
    const toast = element('p', 'toast', message);
    toast.dataset.type = type;
    toasts.append(toast);
    toast.addEventListener('animationend', () => toast.remove());
});

document.addEventListener('sse:report_ready', ({ detail: { data: { data: report, timestamp } } }) => {
    const item = element('li', 'report');
    item.append(
        element('strong', '', report.title),
        element('span', 'amount', report.amount.toLocaleString('en', { style: 'currency', currency: 'EUR' })),
        element('small', '', `No. ${report.id}, fetched at ${new Date(timestamp * 1000).toLocaleTimeString('en-GB')}`),
    );
    reports.prepend(item);
    document.getElementById('none').hidden = true;
});

document.addEventListener('sse-event', ({ detail: { name, data } }) => {
    const item = element('li');
    item.append(element('b', '', name), ` ${JSON.stringify(data)}`);
    document.getElementById('wire').prepend(item);
});

const seen = document.getElementById('seen');
setInterval(async () => {
    const time = await (await fetch('/seen')).json();
    seen.textContent = time ? new Date(time * 1000).toLocaleTimeString('en-GB') : 'never';
}, 1000);

// The stream that the layout's tag has connected.
const stream = () => Sse.connect(document.querySelector('[data-connect]').dataset.connect, { resume: true, user: 1 });
document.getElementById('toggle').addEventListener('click', ({ target }) => {
    const isOpen = state.dataset.state !== 'closed';
    isOpen ? stream().close() : stream();
    target.textContent = isOpen ? 'Open it again' : 'Close the stream';
});

for (const button of document.querySelectorAll('[data-post]')) {
    button.addEventListener('click', () => fetch(button.dataset.post, { method: 'POST' }));
}

function show(name) {
    state.dataset.state = name;
    state.textContent = name;
}

function element(name, className = '', text = '') {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;

    return made;
}
