import { describe } from 'node:test';
import { isPlain } from './stack.js';

/** Where a stream may be held, and the options of a stack that make it so. */
const TIERS = isPlain ? { php: [] } : { worker: ['--ini', 'sse.hub=off'], hub: [] };

/** Runs a suite for each: with its name, and the options for each stack. */
export function onEachTier(suite) {
    for (const [tier, options] of Object.entries(TIERS)) {
        describe(tier, () => suite(tier, options));
    }
}
