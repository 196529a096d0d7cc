/**
 * The button that opens 1,000 more streams, and the plain requests that go on being answered meanwhile.
 */

const EACH = 1000;
const MOST = 5;
const PAUSE_MS = 500;
/** How many answers the median is taken of: half a minute. */
const KEPT = 60;
const element = (id) => document.getElementById(id);
const times = [];
let answers = 0;
let crowds = 0;
/** What was counted last: recalls so far, and when. */
let counted = null;

/** One plain request after the other, each through PHP-FPM: it asks for the status, and its time is shown. */
async function ask() {
    const started = performance.now();
    try {
        const answer = await fetch('status.php');
        const status = await answer.json();
        times.push(performance.now() - started);
        if (times.length > KEPT) {
            times.shift();
        }
        answers++;
        show(status);
    } catch {
        // The servers restart, or the demo has ended: the next one tells.
    }
    setTimeout(ask, PAUSE_MS);
}

function show(status) {
    const hindrance = hindranceOf(status);
    element('crowd-buttons').hidden = Boolean(hindrance);
    element('crowd-hindrance').hidden = !hindrance;
    element('crowd-hindrance').textContent = hindrance;
    crowds = status.crowds ?? 0;
    element('more').disabled = crowds >= MOST;
    element('fewer').disabled = crowds === 0;
    if (!element('closures').matches(':focus')) {
        element('closures').checked = status.closures;
    }
    element('recalls').textContent = recallsPerSecond(status.hub).toLocaleString();
    element('streams').textContent = status.hub ? status.hub.streams.toLocaleString() : '–';
    element('workers').textContent = status.workers || '–';
    element('answers').textContent = answers.toLocaleString();
    const sorted = times.toSorted((a, b) => a - b);
    element('answered').textContent = `${sorted[Math.floor(sorted.length / 2)].toFixed(1)} ms`;
}

function recallsPerSecond(hub) {
    const before = counted;
    counted = { recalls: hub?.recalls ?? 0, at: performance.now() };
    const seconds = (counted.at - before?.at) / 1000;

    return before && counted.recalls >= before.recalls ? Math.round((counted.recalls - before.recalls) / seconds) : 0;
}

/** Why there is no crowd to be had; empty if there is one. */
function hindranceOf({ tier, why, crowds: followed }) {
    if (tier !== 'hub') {
        return `Here each stream holds a PHP worker${why ? `: ${why}` : '.'}`;
    }

    return followed === null ? 'The crowd comes with the demo in a terminal: make demo' : '';
}

async function want(number) {
    element('more').disabled = element('fewer').disabled = true;
    const answer = await fetch('load.php', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ crowds: number, closures: element('closures').checked }),
    });
    if (!answer.ok) {
        element('crowd-hindrance').hidden = false;
        element('crowd-hindrance').textContent = (await answer.json()).error;
    }
}

element('more').textContent = `Open ${EACH.toLocaleString()} more streams`;
element('more').addEventListener('click', () => want(crowds + 1));
element('fewer').addEventListener('click', () => want(0));
element('closures').addEventListener('change', () => want(crowds));
ask();
