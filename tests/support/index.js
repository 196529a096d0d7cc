// What most tests use. Chromium is in browser.js, php -S in builtin.js, Redis in redis.js.
export { Closures } from './closures.js';
export { Conversation } from './conversation.js';
export { Client, Crowd } from './crowd.js';
export { readOr, sharedDirectory, temporaryDirectory } from './directories.js';
export { fetch, http2 } from './http2.js';
export { Listener, clients } from './listener.js';
export { holdFile } from './locks.js';
export { numbers } from './numbers.js';
export { childrenOf, cpuTicks, descriptors, hubsOf, isAlive, killHub, residentKiB, userOf } from './processes.js';
export { Proxy } from './proxy.js';
export { Pusher, Refused } from './pusher.js';
export { RawStream } from './raw.js';
export { extension, isPlain, notInPlainPhp, php, startStack, startStackFor, streamUrl } from './stack.js';
export { onEachTier } from './tiers.js';
export { lastOf, pause, until, within } from './until.js';
