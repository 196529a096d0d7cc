/*! sse.js: one event stream for all tabs of a site. MIT licence. */
(() => {
const streams = new Map();
const kept = (key, value) => {
try {
return value ? (sessionStorage[key] = value) : sessionStorage[key];
} catch {
}
};
const parse = (text) => {
try {
return JSON.parse(text);
} catch {
return text;
}
};
const isOn = (option) => (option ?? false) !== false;
async function* linesOf(body, onText) {
const reader = body.pipeThrough(new TextDecoderStream()).getReader();
for (let text = '', part; !(part = await reader.read()).done;) {
onText();
const lines = (text + part.value).split(/\r\n|\n|\r(?!$)/);
text = lines.pop();
yield* lines;
}
}
function open(name, url, { cursor, resume, credentials, silence = 90 }) {
const stream = Object.assign(new EventTarget(), { url: url.href, status: 'connecting', since: Date.now(), code: 0, close });
let run;
let channel;
let timer;
let own;
let leads;
let leader;
let asked;
let heard;
let isSure = cursor && !(isOn(resume) && kept(name));
let retryMs = 1000;
let wakeUp;
stream.cursor = isSure ? cursor : kept(name) || '';
start();
return { stream, stop, wake };
function start() {
const mine = run = Object.assign(new AbortController(), { rank: 1 + Math.random() });
leader = null;
if (!globalThis.BroadcastChannel) {
return lead();
}
channel = new BroadcastChannel(name);
channel.onmessage = hear;
navigator.locks?.request(name, { signal: mine.signal }, () => run === mine && new Promise((resolve) => {
mine.release = resolve;
lead();
})).catch(() => {});
ask(2);
setTimeout(look, 500);
timer = setInterval(look, 5000);
if (!isSure) {
connect();
}
}
function stop() {
if (run) {
say({ bye: 1 });
leads = false;
disconnect();
clearInterval(timer);
run.release?.();
run.abort();
run = null;
channel?.close();
}
}
function wake() {
if (run) {
wakeUp?.();
if (channel) {
ask(2);
}
} else {
isSure = false;
show('connecting');
start();
}
}
function close() {
stop();
streams.delete(name);
show('closed');
}
function lead() {
leads = true;
leader = null;
if (!own) {
connect();
}
say();
}
function ask(urgency) {
asked = true;
heard = false;
leader &&= { at: leader.at };
channel.postMessage({ ask: urgency });
}
function say(message) {
if (leads) {
const { cursor: at, status, code, since } = stream;
channel?.postMessage({ from: run.rank, rank: rank(), at, status, code, since, ...message });
}
}
function rank() {
return (run.release ? 0 : run.rank) + (stream.status === 'open' ? 0 : 9);
}
function hear({ data: message }) {
if (message.ask) {
if (message.ask > 1) {
wakeUp?.();
}
say();
} else if (message.bye) {
ask(1);
setTimeout(look, 200 + Math.random() * 300);
} else if (leads ? message.rank > rank() : message.rank > 9 && leader?.rank < 9 && message.from !== leader.from) {
if (!message.name) {
say();
}
} else if (own && stream.status === 'open' && message.status !== 'open') {
lead();
} else {
const isFirst = !leader;
heard = true;
if (!own && message.name && message.prev === stream.cursor) {
take(message);
}
leader = message;
if (run && !follow() && isFirst && !own) {
connect();
}
}
}
function follow() {
const does = leader?.at === stream.cursor && isSure && (!own || leader.status === 'open');
if (does) {
leads = false;
disconnect();
show(leader.status, leader.code, leader.since);
}
return does;
}
function look() {
if (!run || leads) {
return;
}
if (asked && !heard) {
lead();
} else if (heard) {
asked = heard = false;
if (!own && leader?.at !== stream.cursor) {
connect();
}
} else {
ask(1);
}
}
function show(status, code = 0, since = Date.now()) {
if (status !== stream.status || code !== stream.code) {
Object.assign(stream, { status, code, since });
say();
tell('sse-status', { status, code, since });
}
}
function take({ prev, at, name: type, data }) {
stream.cursor = at;
kept(name, at);
say({ prev, name: type, data });
if (type === 'sse-gap') {
const [from, time] = (kept(name + type) ?? '').split(' ');
kept(name + type, `${prev} ${Date.now()}`);
if (from === prev && Date.now() - time < 60000) {
return;
}
}
if (type !== 'connected') {
tell(type, { name: type, data: parse(data), id: at }, data);
}
}
function tell(type, detail, data) {
const names = [type.startsWith('sse-') ? type : `sse:${type}`, ...(detail.name ? ['sse-event'] : [])];
stream.dispatchEvent(new MessageEvent(type, { data, lastEventId: stream.cursor }));
for (const name of names) {
document.dispatchEvent(new CustomEvent(name, { detail: { ...detail, stream }, bubbles: true }));
}
}
function disconnect() {
own?.abort();
own = null;
wakeUp?.();
}
async function connect() {
const mine = own = {};
let failures = 0;
while (own === mine) {
const attempt = new AbortController();
let alarm;
let pause;
let code;
mine.abort = () => attempt.abort();
const onText = () => {
clearTimeout(alarm);
alarm = silence > 0 && setTimeout(mine.abort, silence * 1000);
};
try {
onText();
let last = stream.cursor;
if (last) {
url.searchParams.set('lastEventId', last);
}
const { status, headers, body } = await fetch(url, {
cache: 'no-store',
credentials: isOn(credentials) ? 'include' : 'same-origin',
headers: { Accept: 'text/event-stream' },
signal: attempt.signal,
});
if (status === 204) {
return close();
}
if (status !== 200 || !/^text\/event-stream/i.test(headers.get('Content-Type'))) {
code = status;
throw code;
}
let id = last;
let type = '';
let data = '';
for await (const line of linesOf(body, onText)) {
const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
if (field === 'retry') {
retryMs = +value || retryMs;
} else if (line) {
failures = 0;
show('open');
if (field === 'data') {
data += `${value}\n`;
} else if (field === 'event') {
type = value;
} else if (field === 'id') {
id = value;
}
} else {
if (data) {
isSure = true;
take({ prev: last, at: last = id, name: type || 'message', data: data.slice(0, -1) });
if (own !== mine || rank() && follow()) {
return;
}
}
type = data = '';
}
}
pause = retryMs;
} catch {
} finally {
clearTimeout(alarm);
attempt.abort();
}
if (own === mine) {
show(pause && stream.status === 'open' ? 'connecting' : 'lost', code);
await new Promise((resolve) => {
wakeUp = resolve;
setTimeout(resolve, pause || Math.min(60, 2 ** ++failures) * (250 + Math.random() * 250));
});
}
}
}
}
function connect(address, options = {}) {
const url = new URL(address, document.baseURI);
const cursor = options.cursor ?? url.searchParams.get('lastEventId');
url.searchParams.delete('lastEventId');
const name = `sse ${url} ${options.user ?? ''}`;
if (!streams.has(name)) {
streams.set(name, open(name, url, { ...options, cursor }));
}
return streams.get(name).stream;
}
if (globalThis.document) {
if (!globalThis.Sse) {
globalThis.Sse = { connect };
const when = (types, then) => types.split(' ').forEach((type) => addEventListener(type, then, true));
when('pagehide freeze', () => streams.forEach(({ stop }) => stop()));
when('pageshow resume online visibilitychange', ({ type }) => {
if (type !== 'visibilitychange' || !document.hidden) {
streams.forEach(({ wake }) => wake());
}
});
}
const { connect: address, ...options } = document.currentScript?.dataset ?? {};
if (address) {
Sse.connect(address, options);
}
}
})();
