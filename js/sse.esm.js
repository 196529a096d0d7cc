// For import; sse.js alone is for <script src>.
import './sse.js';

/** The manual is sse.d.ts. Where pages are rendered on a server there is no document, and no stream. */
export const connect = (...of) => globalThis.Sse.connect(...of);
