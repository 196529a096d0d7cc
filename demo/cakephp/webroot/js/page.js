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

for (const button of document.querySelectorAll('[data-post]')) {
    button.addEventListener('click', () => fetch(button.dataset.post, { method: 'POST' }));
}

function show(name) {
    state.dataset.state = name;
    state.textContent = name;
}

function element(name, className, text = '') {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;

    return made;
}
