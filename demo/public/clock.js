/**
 * The wall clock in microsecond steps, on the scale of PHP's microtime(true).
 *
 * Date.now() follows the machine's clock but has whole milliseconds; performance.now() is fine but counts from the
 * page's start and does not follow when the clock is set. So the two are lined up at the edge of a millisecond,
 * again and again.
 */

let offset = lineUp();
let serverAhead = 0;

/** Seconds since 1970, as PHP on the server would say it. */
export function now() {
    return (offset + performance.now()) / 1000 + serverAhead;
}

/** What Date.now() is ahead of performance.now(), in milliseconds. */
function lineUp() {
    let best = -Infinity;
    for (let round = 0; round < 5; round++) {
        const start = Date.now();
        let edge;
        do {
            edge = Date.now();
        } while (edge === start);
        // The edge can only be noticed late, which makes the difference too small.
        best = Math.max(best, edge - performance.now());
    }

    return best;
}

/** The smallest step of performance.now(), in milliseconds: browsers round it. */
function resolution() {
    let smallest = Infinity;
    for (let round = 0; round < 20; round++) {
        const start = performance.now();
        let next;
        do {
            next = performance.now();
        } while (next === start);
        smallest = Math.min(smallest, next - start);
    }

    return smallest;
}

/**
 * Asks PHP for its time. If that can be this browser's time too, nothing is corrected: both read one clock.
 * Else the browser runs elsewhere, and the quickest answer tells the difference, to half its round trip.
 *
 * @returns {Promise<string>} a sentence on how far to trust the figures
 */
export async function compareWithServer() {
    let quickest = { trip: Infinity };
    for (let round = 0; round < 8; round++) {
        const asked = now();
        const answer = await (await fetch('clock.php')).json();
        const answered = now();
        if (answered - asked < quickest.trip) {
            quickest = { trip: answered - asked, ahead: answer - (asked + answered) / 2 };
        }
    }
    const precision = `${Math.max(1, Math.round(resolution() * 1000))} µs`;
    if (Math.abs(quickest.ahead) <= quickest.trip / 2) {
        return `PHP and this browser read the same clock, here in steps of ${precision}.`;
    }
    serverAhead += quickest.ahead;

    return `This browser’s clock differs from PHP’s by ${(quickest.ahead * 1000).toFixed(1)} ms; that is corrected, to ± ${(quickest.trip * 500).toFixed(1)} ms.`;
}

setInterval(() => {
    if (!document.hidden) {
        offset = lineUp();
    }
}, 10_000);
