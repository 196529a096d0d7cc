/** The latencies of the last minute, drawn on a logarithmic scale. */

const SPAN_S = 60;
const MARGIN = { left: 58, right: 10, top: 10, bottom: 24 };
const LEVELS = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1, 3, 10];
const NARROW = 420;
const MOST_POINTS = 5000;

let points = [];

/** kind: "pulse" or "message". */
export function add(time, seconds, kind) {
    points.push({ time, seconds: Math.max(seconds, 1e-6), kind });
}

export function summarize() {
    const latencies = points.map((point) => point.seconds);
    const last = latencies.at(-1);
    latencies.sort((a, b) => a - b);
    const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];

    return { count: latencies.length, last, median: at(0.5), p95: at(0.95), slowest: latencies.at(-1) };
}

export function format(seconds) {
    if (seconds === undefined) {
        return '–';
    }
    if (seconds < 0.001) {
        return `${Math.round(seconds * 1e6)} µs`;
    }

    return seconds < 1 ? `${(seconds * 1e3).toPrecision(3)} ms` : `${seconds.toPrecision(3)} s`;
}

export function draw(svg, now) {
    points = points.filter((point) => now - point.time < SPAN_S).slice(-MOST_POINTS);
    const { median, slowest, count } = summarize();
    const box = svg.getBoundingClientRect();
    const lowest = points.reduce((least, point) => Math.min(least, point.seconds), 1e-4);
    const highest = points.reduce((most, point) => Math.max(most, point.seconds), 5e-3);
    const low = Math.log10(lowest) - 0.15;
    const high = Math.log10(highest) + 0.15;
    const x = (time) => box.width - MARGIN.right - ((now - time) / SPAN_S) * (box.width - MARGIN.left - MARGIN.right);
    const y = (seconds) => MARGIN.top + ((high - Math.log10(seconds)) / (high - low)) * (box.height - MARGIN.top - MARGIN.bottom);

    const level = (seconds) => `M${MARGIN.left} ${y(seconds).toFixed(1)}H${box.width - MARGIN.right}`;
    const dots = (kind) => points.filter((point) => point.kind === kind)
        .map((point) => `M${x(point.time).toFixed(1)} ${y(point.seconds).toFixed(1)}h0`).join('');
    const levels = LEVELS.filter((seconds) => Math.log10(seconds) >= low && Math.log10(seconds) <= high);
    const label = (px, py, anchor, text) => `<text x="${px}" y="${py}" text-anchor="${anchor}">${text}</text>`;

    svg.setAttribute('viewBox', `0 0 ${box.width} ${box.height}`);
    // Numbers only: nothing that came over the stream is in here.
    svg.innerHTML = [
        `<path class="grid" d="${levels.map(level).join('')}"/>`,
        ...levels.map((seconds) => label(MARGIN.left - 8, y(seconds) + 4, 'end', format(seconds).replace(/\.0+ /, ' '))),
        ...(box.width < NARROW ? [60, 30] : [60, 45, 30, 15]).map((ago) => label(x(now - ago), box.height - 6, ago === 60 ? 'start' : 'middle', `−${ago} s`)),
        label(box.width - MARGIN.right, box.height - 6, 'end', 'now'),
        median ? `<path class="median" d="${level(median)}"/>` : '',
        ...['pulse', 'message'].map((kind) => `<path class="points ${kind}" d="${dots(kind)}"/>`),
    ].join('');
    svg.setAttribute('aria-label', count
        ? `${count} events in the last minute, median ${format(median)}, slowest ${format(slowest)}`
        : 'No events in the last minute');
}
