/*! sse.js: one event stream for all tabs of a site. MIT licence. */
// The source; js/publish.js makes the file that is shipped of it, without comments and indentation.
//
// Each tab has a cursor: the id of the last event it had. One tab, the leader, has a connection and sends on what
// it gets as frames, { prev, at, name, data }, where prev and at are the cursors before and behind the event.
//
// Always true:
// - A tab takes what its own connection brings, which begins at its cursor, or, if it has none, a leader's frame
//   that begins at its cursor. So each event comes once, in order, however many tabs lead.
// - A tab does without a connection only where a leader stands at its very cursor, and the server gave it that
//   cursor after the page was asked for. Cursors of other keys are never equal, so users don't share by mistake.
// - Who leads is settled by messages alone; Web Locks only tell at once when a tab is gone. Several leaders cost
//   connections, never events.
(() => {
    const streams = new Map();

    /** The tab's memory over page loads. */
    const kept = (key, value) => {
        try {
            return value ? (sessionStorage[key] = value) : sessionStorage[key];
        } catch {
            // No storage: the cursor ends with the page.
        }
    };

    const parse = (text) => {
        try {
            return JSON.parse(text);
        } catch {
            return text;
        }
    };

    /** Also for data-resume without a value. */
    const isOn = (option) => (option ?? false) !== false;

    async function* linesOf(body, onText) {
        const reader = body.pipeThrough(new TextDecoderStream()).getReader();
        for (let text = '', part; !(part = await reader.read()).done;) {
            onText();
            // A CR at the end may be half of a CR LF.
            const lines = (text + part.value).split(/\r\n|\n|\r(?!$)/);
            text = lines.pop();
            yield* lines;
        }
    }

    function open(name, url, { cursor, resume, credentials, silence = 90 }) {
        const stream = Object.assign(new EventTarget(), { url: url.href, status: 'connecting', since: Date.now(), code: 0, close });
        // What is there from start() to stop(): AbortController of the wait for the lock, with this tab's name among
        // leaders, and release() while it has the lock.
        let run;
        let channel;
        let timer;
        /** This tab's connection, with abort(). */
        let own;
        let leads;
        /** What the leading tab said last; only where it stood, while it has still to answer. */
        let leader;
        let asked;
        let heard;
        /** Whether the server gave the cursor after the page was asked for. */
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
            // Granted when the tab that had it is gone, however it went. Plain HTTP has no locks.
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

        /** For good, or for a page that sleeps: others lead meanwhile. */
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
                // Somebody else may have logged in meanwhile.
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

        /** Asks who leads; with 2 also that it ends its pause, should it have one. */
        function ask(urgency) {
            asked = true;
            heard = false;
            leader &&= { at: leader.at };
            channel.postMessage({ ask: urgency });
        }

        /** What a leader tells the others. */
        function say(message) {
            if (leads) {
                const { cursor: at, status, code, since } = stream;
                channel?.postMessage({ from: run.rank, rank: rank(), at, status, code, since, ...message });
            }
        }

        /** Of two leaders the one with the smaller number stays: who is open, then who has the lock. */
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
                // With locks the next leader has spoken until then.
                ask(1);
                setTimeout(look, 200 + Math.random() * 300);
            } else if (leads ? message.rank > rank() : message.rank > 9 && leader?.rank < 9 && message.from !== leader.from) {
                // One that should follow; a frame is answered by the next frame.
                if (!message.name) {
                    say();
                }
            } else if (own && stream.status === 'open' && message.status !== 'open') {
                // Browsers connect six times at most: the leader may be waiting for the others to let go.
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

        /** Lets go of the connection if the leader's does for this tab. */
        function follow() {
            const does = leader?.at === stream.cursor && isSure && (!own || leader.status === 'open');
            if (does) {
                leads = false;
                disconnect();
                show(leader.status, leader.code, leader.since);
            }

            return does;
        }

        /** A tab without a connection sees now and then to it that it misses nothing. */
        function look() {
            if (!run || leads) {
                return;
            }
            if (asked && !heard) {
                // The leader hangs, or there is none.
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
            // Before the handlers: one may reload the page, and it would come again, or stay in an alert(), and the
            // other tabs would wait.
            stream.cursor = at;
            kept(name, at);
            say({ prev, name: type, data });
            if (type === 'sse-gap') {
                // A handler that reloads the page, and a page that comes with the same old cursor each time: no loop.
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

        /** To the stream's listeners as EventSource does, and to the document's. */
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

        /** Connects, and comes back, until another connection does. */
        async function connect() {
            const mine = own = {};
            let failures = 0;
            while (own === mine) {
                const attempt = new AbortController();
                let alarm;
                let pause;
                let code;
                mine.abort = () => attempt.abort();
                // A connection that died in silence, as while a laptop slept, shows by the heartbeats that lack.
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
                            // All that a server says which only wants its clients to come back later.
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
                    // It comes back, as after an end.
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

    // Not where pages are rendered on a server.
    if (globalThis.document) {
        // Once, where there are several tags.
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
