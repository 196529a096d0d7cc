import { EventSource as EventSourceOfUndici } from 'undici';
import { EventSource as EventSourceOfItsPackage } from 'eventsource';
import { lastOf, until } from './until.js';

/** The EventSource clients that every promise to a client is tested with. */
export const clients = { undici: EventSourceOfUndici, eventsource: EventSourceOfItsPackage };

/** An EventSource that remembers what it got. */
export class Listener {
    /** { name, id, data } of each event but "connected"; data is decoded. */
    events = [];
    connects = 0;
    #source;

    constructor(EventSource, url, names = ['message'], init = {}) {
        this.#source = new EventSource(url, init);
        this.#source.addEventListener('connected', () => { this.connects++; });
        for (const name of [...names, 'sse-gap']) {
            this.#source.addEventListener(name, (event) => {
                this.events.push({ name, id: event.lastEventId, data: JSON.parse(event.data) });
            });
        }
    }

    get data() {
        return this.events.map((event) => event.data);
    }

    get isClosed() {
        return this.#source.readyState === 2;
    }

    connected(times = 1) {
        return until(() => this.connects >= times, () => `for ${times} connections, there were ${this.connects}`);
    }

    received(count) {
        return until(() => this.events.length >= count, () => `for ${count} events, ${lastOf(this.events)}`);
    }

    onOpen(action) {
        this.#source.addEventListener('open', action);
    }

    close() {
        this.#source.close();
    }
}
