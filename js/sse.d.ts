/** How a stream is: `lost` comes back by itself, `closed` doesn't. */
export type Status = 'connecting' | 'open' | 'lost' | 'closed';

export interface Options {
    /**
     * Where the page begins: what `Sse\cursor()` answered when it was rendered. Wins over the tab's own cursor.
     * `?lastEventId=` in the address is the same.
     */
    cursor?: string | null;
    /** Go on where the tab's last page stopped, if it had one; `cursor` is for the first page then. */
    resume?: boolean;
    /** Who is logged in. Tabs with different ones never share a connection. */
    user?: string | number | null;
    /** Seconds without a byte after which a connection counts as dead: 90; 0 for never. More than `sse.heartbeat`. */
    silence?: number;
    /** Send cookies to another origin. */
    credentials?: boolean;
}

/** What the document's events `sse:NAME` and `sse-event` carry. */
export interface Detail {
    name: string;
    /** The data, parsed where it is JSON. */
    data: any;
    /** The cursor behind the event. */
    id: string;
    stream: Stream;
}

/** What `sse-status` carries. */
export interface StatusDetail {
    status: Status;
    /** When that began, in milliseconds since 1970. */
    since: number;
    /** The answer's status where that is why the stream is lost; else 0. */
    code: number;
    stream: Stream;
}

/** Events come as from an `EventSource`, each under its name: `event.data` is text, `event.lastEventId` its cursor. */
export interface Stream extends EventTarget {
    readonly url: string;
    readonly status: Status;
    readonly since: number;
    readonly code: number;
    readonly cursor: string;
    addEventListener(type: string, listener: ((event: MessageEvent<string>) => void) | EventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
    /** This tab listens no longer; others go on. */
    close(): void;
}

/** The stream of an address; the same one each time until it is closed. */
export function connect(address: string | URL, options?: Options): Stream;

declare global {
    var Sse: { connect: typeof connect };
    interface DocumentEventMap {
        'sse-event': CustomEvent<Detail>;
        'sse-gap': CustomEvent<Detail>;
        'sse-status': CustomEvent<StatusDetail>;
    }
}
