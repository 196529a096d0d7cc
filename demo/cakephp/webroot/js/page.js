const state = document.getElementById('state');
const reports = document.getElementById('reports');
const toasts = document.getElementById('toasts');

const source = new EventSource('/stream/reports.sse');
source.addEventListener('open', () => show('live'));
// Closed for good only where the answer is no stream, as a 401; else the browser comes back by itself.
source.addEventListener('error', () => show(source.readyState === EventSource.CLOSED ? 'closed' : 'connecting'));

source.addEventListener('toast', (event) => {
    const { message, type } = JSON.parse(event.data);
    const toast = element('p', 'toast', message);
    toast.dataset.type = type;
    toasts.append(toast);
    toast.addEventListener('animationend', () => toast.remove());
});

source.addEventListener('report_ready', (event) => {
    const { data: report, timestamp } = JSON.parse(event.data);
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
