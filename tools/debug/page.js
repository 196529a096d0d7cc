(() => {
    const LONGEST_LIST = 300;
    const element = (id) => document.getElementById(id);
    const setup = JSON.parse(element('setup').dataset.setup);
    /** By key, the id of the last event that is shown; '' for none. */
    const last = new Map();
    let stream = null;
    let isAsking = false;
    let isToAskAgain = false;

    function make(name, className, text) {
        const made = document.createElement(name);
        made.className = className;
        made.textContent = text;

        return made;
    }

    /** The stream says that something came; what it was is asked for, since that has keys, ids and times. */
    function listen() {
        stream?.close();
        stream = null;
        if (last.size === 0) {
            return show('closed', 'no key yet');
        }
        const url = new URL(setup.stream, location.href);
        [...last.keys()].sort().forEach((key) => url.searchParams.append('keys[]', key));
        stream = Sse.connect(url);
        show(stream.status);
    }

    function show(status, words = { open: 'live', lost: 'connection lost, trying again' }[status] ?? status) {
        element('state').dataset.state = status;
        element('state').textContent = words;
    }

    async function ask() {
        if (isAsking) {
            isToAskAgain = true;

            return;
        }
        isAsking = true;
        try {
            const url = new URL(setup.state, location.href);
            last.forEach((id, key) => url.searchParams.append(`after[${key}]`, id));
            const answer = await fetch(url, { headers: { Accept: 'application/json' } });
            const { status, events, problem, log } = await answer.json();
            events.forEach(add);
            tell(status, problem);
            element('lines').replaceChildren(...log.map((line) => make('li', '', line)));
            element('log').hidden = log.length === 0;
        } catch (error) {
            tell(null, `The server does not answer as it should: ${error.message}. Its log says more.`);
        }
        isAsking = false;
        if (isToAskAgain) {
            isToAskAgain = false;
            await ask();
        }
    }

    function add({ key, id, time, event, data, gap }) {
        if (!last.has(key)) {
            return;
        }
        const isNew = last.get(key) !== '';
        last.set(key, id);
        const item = make('li', gap ? 'gap' : '', '');
        if (isNew) {
            item.classList.add('new');
        }
        const date = new Date(Math.round(time * 1000));
        const when = make('time', '', `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`);
        when.title = date.toString();
        item.append(make('span', 'name', event ?? 'message'), make('span', 'key', key), when);
        item.append(make('pre', '', JSON.stringify(data, null, JSON.stringify(data)?.length > 80 ? 2 : 0)), make('span', 'id', id));
        element('events').prepend(item);
        element('none').hidden = true;
        while (element('events').childElementCount > LONGEST_LIST) {
            element('events').lastElementChild.remove();
        }
    }

    /** What serves events, and what is wrong, with its remedy. */
    function tell(status, problem) {
        const problems = [problem, status?.problem, status?.hub?.last_error && `The hub's last error: ${status.hub.last_error}`];
        const told = [...new Set(problems.filter(Boolean))];
        element('problems').replaceChildren(...told.map((text) => make('p', '', text)));
        element('problems').hidden = told.length === 0;
        if (!status) {
            return;
        }
        const { hub } = status;
        const number = (value, what) => `${value.toLocaleString('en')} ${what}${value === 1 ? '' : 's'}`;
        const facts = [
            ['store', `${status.engine}, ${status.store}`],
            ['streams', status.tier === 'hub' ? 'held by the hub, no PHP worker' : `each in a PHP worker: ${status.why}`],
            ['hub', hub ? `process ${hub.pid}, ${hub.streams.toLocaleString('en')} of ${number(hub.max_streams, 'stream')}, ${number(hub.keys, 'key')}` : 'none runs'],
            ...hub ? [['since', `${number(hub.taken, 'stream')}, ${number(hub.events, 'event')}, ${number(hub.bytes, 'byte')}`]] : [],
            ['signal', status.signal_why ? `${status.signal}: ${status.signal_why}` : status.signal],
            ['version', status.version],
        ];
        element('facts').replaceChildren(...facts.flatMap(([name, value]) => [make('dt', '', name), make('dd', '', value)]));
    }

    function follow(key) {
        if (!last.has(key)) {
            last.set(key, '');
            remember();
        }
    }

    /** Keys are in the address, so that it can be kept and sent to a colleague. */
    function remember() {
        history.replaceState(null, '', `#${[...last.keys()].map(encodeURIComponent).join(',')}`);
        element('chosen').replaceChildren(...[...last.keys()].map((key) => {
            const item = document.createElement('li');
            const button = make('button', '', key);
            button.type = 'button';
            button.setAttribute('aria-label', `No longer listen to ${key}`);
            button.addEventListener('click', () => {
                last.delete(key);
                remember();
            });
            item.append(button);

            return item;
        }));
        element('none').hidden = last.size > 0;
        listen();
        ask();
    }

    element('keys').addEventListener('submit', (event) => {
        event.preventDefault();
        const { key } = event.target.elements;
        follow(key.value.trim());
        element('push').elements.key.value ||= key.value.trim();
        key.value = '';
    });

    element('push').addEventListener('submit', async (event) => {
        event.preventDefault();
        const { key, event: name, data } = event.target.elements;
        const answer = await fetch(setup.push, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...setup.headers },
            body: JSON.stringify({ key: key.value, event: name.value, data: data.value }),
        });
        const { error, id } = await answer.json().catch(() => ({ error: `the server answered ${answer.status}` }));
        element('pushed').classList.toggle('error', Boolean(error));
        element('pushed').textContent = error ?? (id ? `Pushed as ${id}` : 'Pushed');
        if (!error) {
            follow(key.value);
        }
    });

    element('clear').addEventListener('click', () => element('events').replaceChildren());
    document.addEventListener('sse-event', ask);
    document.addEventListener('sse-status', ({ detail }) => {
        if (detail.stream === stream) {
            show(detail.status);
            // What came before it was open.
            ask();
        }
    });
    setInterval(() => document.hidden || ask(), 5000);

    for (const key of location.hash.slice(1).split(',').filter(Boolean)) {
        last.set(decodeURIComponent(key), '');
    }
    element('push').elements.key.value = [...last.keys()][0] ?? '';
    remember();
})();
