import { Agent, H2CClient } from 'undici';

// The one that takes such a way; Node.js's own may not.
export { fetch } from 'undici';

/** undici's way to a server by HTTP/2 in clear text, all streams in one connection. */
export function http2() {
    return new Agent({ factory: (origin, options) => new H2CClient(origin, options) });
}
