const DEADLINE_MS = 20_000;

/** Waits until a condition holds, and gives back what it gave; after the deadline it says what was waited for. */
export async function until(condition, what, deadlineMs = DEADLINE_MS) {
    const deadline = Date.now() + deadlineMs;
    for (;;) {
        const value = await condition();
        if (value) {
            return value;
        }
        if (Date.now() > deadline) {
            throw new Error(`Waited in vain ${typeof what === 'function' ? what() : what}`);
        }
        await pause(5);
    }
}

/** A promise that must settle before the deadline. */
export async function within(promise, what, deadlineMs = DEADLINE_MS) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`Waited in vain ${what}`)), deadlineMs);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}

export function pause(ms) {
    return new Promise((resolve) => { setTimeout(resolve, ms); });
}

/** Says how many there are and shows the last few. */
export function lastOf(events) {
    return `there are ${events.length}, the last of them ${JSON.stringify(events.slice(-3))}`;
}
