/** Leads a request to the other pool. */
export const OTHER_POOL = { 'X-Pool': 'other' };

/** The options of a stack that add another pool of FPM, with its socket in a directory; more: directives of its own. */
export function otherPool(base, user, group, ...more) {
    const pool = [
        '[other]', `user = ${user}`, `group = ${group}`, 'pm = static', 'pm.max_children = 1',
        `listen = ${base}/fpm.sock`, 'listen.mode = 0666', ...more,
    ];

    return ['--pool', pool.join('\n'), '--nginx', `if ($http_x_pool = other) { fastcgi_pass unix:${base}/fpm.sock; }`];
}
