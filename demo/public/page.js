import { compareWithServer, now } from './clock.js';
import { add, draw, format, summarize } from './plot.js';

const LONGEST_LIST = 200;
const element = (id) => document.getElementById(id);

let source = null;
let cursor = '';
let connects = 0;
let received = 0;
/** When this connection began to be live; what was pushed before is replay and says nothing about latency. */
let liveSince = Infinity;
/** Rows of the lists that are to be drawn. */
const rows = [];

function connect() {
    setState('connecting');
    // A browser sends the last id by itself when it reconnects, but not with a new EventSource.
    source = new EventSource(cursor ? `events.php?lastEventId=${encodeURIComponent(cursor)}` : 'events.php');
    source.addEventListener('connected', onConnected);
    source.addEventListener('message', (event) => onEvent(event, 'demo'));
    source.addEventListener('news', (event) => onEvent(event, 'news'));
    source.addEventListener('pulse', (event) => onEvent(event, null));
    source.addEventListener('sse-gap', onGap);
    source.addEventListener('error', () => setState(source.readyState === EventSource.CLOSED ? 'closed' : 'reconnecting'));
}

function disconnect() {
    source.close();
    source = null;
    setState('closed');
}

function setState(state) {
    const words = { connecting: 'connecting', live: 'live', reconnecting: 'reconnecting', closed: 'disconnected' };
    element('state').textContent = words[state];
    element('state').dataset.state = state;
    element('toggle').textContent = state === 'closed' ? 'Reconnect' : 'Disconnect';
}

async function onConnected(event) {
    liveSince = now();
    cursor = event.lastEventId;
    connects++;
    setState('live');
    element('since').textContent = new Date().toLocaleTimeString();
    element('connects').textContent = connects === 1 ? 'once' : `${connects} times`;
    const status = await (await fetch('status.php')).json();
    element('served').textContent = ['tier', 'engine', 'signal'].map((name) => status[name]).filter(Boolean).join(', ');
}

/** key: whose list shows it; null for the pulse, which is only measured. */
function onEvent(event, key) {
    const arrived = now();
    cursor = event.lastEventId;
    received++;
    const data = JSON.parse(event.data);
    const isTimed = typeof data?.at === 'number';
    const isReplayed = isTimed && data.at < liveSince;
    if (isTimed && !isReplayed) {
        add(arrived, arrived - data.at, key === null ? 'pulse' : 'message');
    }
    if (key !== null) {
        const text = typeof data?.message === 'string' ? data.message : event.data;
        const took = isTimed ? format(arrived - data.at) : 'not timed';
        show(key, text, isReplayed ? 'replayed' : took, isReplayed ? 'replayed' : 'live');
    }
}

function onGap(event) {
    cursor = event.lastEventId;
    for (const key of ['demo', 'news']) {
        show(key, `Some events are gone: ${event.data}`, 'older than what is kept', 'gap');
    }
}

/**
 * Rows wait for the next frame: in a burst, drawing each as it comes would delay the handlers of those behind it
 * and be measured as latency.
 */
function show(key, text, note, kind) {
    if (rows.length > 2 * LONGEST_LIST) {
        rows.shift(); // a tab in the background draws nothing
    }
    rows.push({ key, text, note: `${new Date().toLocaleTimeString()} · ${note}`, kind });
    if (rows.length === 1) {
        requestAnimationFrame(() => rows.splice(0).forEach(addRow));
    }
}

function addRow({ key, text, note, kind }) {
    const item = document.createElement('li');
    item.className = kind;
    const line = document.createElement('p');
    line.textContent = text;
    const small = document.createElement('small');
    small.textContent = note;
    item.append(line, small);
    const list = element(key);
    list.prepend(item);
    while (list.childElementCount > LONGEST_LIST) {
        list.lastElementChild.remove();
    }
}

function refresh() {
    if (document.hidden) {
        return;
    }
    draw(element('plot'), now());
    const summary = summarize();
    for (const name of ['last', 'median', 'p95', 'slowest']) {
        element(name).textContent = format(summary[name]);
    }
    element('count').textContent = summary.count;
    element('received').textContent = received;
    element('cursor').textContent = cursor || '–';
}

async function push(event) {
    event.preventDefault();
    const form = event.target;
    const answer = await fetch('push.php', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({
            key: form.elements.key.value,
            message: form.elements.message.value,
            count: Number(event.submitter?.value ?? 1),
        }),
    });
    const result = await answer.json();
    const note = element('pushed');
    note.classList.toggle('error', !answer.ok);
    note.textContent = answer.ok ? `Pushed as ${result.id}, in ${result.microsEach} µs${event.submitter?.value === '100' ? ' each' : ''}` : result.error;
}

/** The terminal's command pushes to the key that is chosen. */
function showCommand() {
    const key = element('push').elements.key.value;
    const command = element('command');
    command.textContent = `${command.dataset.command} ${key} hello`;
}

async function copyCommand() {
    await navigator.clipboard.writeText(element('command').textContent);
    element('copy').textContent = 'Copied';
    setTimeout(() => { element('copy').textContent = 'Copy'; }, 1500);
}

element('push').addEventListener('submit', push);
element('push').addEventListener('change', showCommand);
element('copy').addEventListener('click', copyCommand);
element('toggle').addEventListener('click', () => (source && source.readyState !== EventSource.CLOSED ? disconnect() : connect()));
setInterval(refresh, 200);
new ResizeObserver(refresh).observe(element('plot'));

showCommand();
connect();
element('clock').textContent = await compareWithServer();
