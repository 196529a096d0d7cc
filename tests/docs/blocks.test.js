// What the docs show: each block is what its language says, and servers that are set up so stream.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RawStream, startStack, temporaryDirectory, until } from '../support/index.js';
import { anchorsIn, blockIn, blocksIn, linksIn, pages } from '../support/docs.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const FPM = '/run/php/php8.2-fpm.sock';
const PATH = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;

let stack;
let directory;
before(async () => {
    stack = await startStack();
    directory = temporaryDirectory('docs');
    // What docs/plain-php.md and docs/production.md find beside a script.
    symlinkSync(`${root}php`, `${directory}/php-sse`);
    mkdirSync(`${directory}/vendor`);
    writeFileSync(`${directory}/vendor/autoload.php`, `<?php foreach (glob('${root}tools/src/*.php') as $file) { require_once $file; }`);
});
after(() => stack?.stop());

const run = (program, args, options = {}) => execFileSync(program, args, { env: { ...process.env, PATH }, stdio: 'pipe', timeout: 20_000, ...options }).toString();
const program = (name) => PATH.split(':').map((folder) => join(folder, name)).find(existsSync);

function file(name, text) {
    writeFileSync(join(directory, name), text);

    return join(directory, name);
}

const asScript = (text) => (text.trimStart().startsWith('<') ? text : `<?php\n${text}`);

/** How each language is looked at; what returns nothing was run. */
const CHECKS = {
    // The plugin's and those of CakePHP are run by the plugin's tests, named ones of others by recipes.test.js and tests/http/browser.
    php({ text, name }, page) {
        const isMethod = /^(\/\/.*\n)?(public|protected) function/m.test(text) && !/^(abstract |final )?class /m.test(text);
        const uses = /^use .*;$/gm;
        const script = isMethod ? `<?php ${(text.match(uses) ?? []).join(' ')} class Example { ${text.replace(uses, '')} }` : asScript(text);
        run(stack.php, ['-l', file('lint.php', script)]);
        const isOfCakePhp = page === 'cakephp-plugin/README.md' || /\$this->|AppView|AppController/.test(text);
        // Pieces of an application that isn't there.
        const isPiece = page === 'docs/recall.md' || /sse-events/.test(text);
        if (!name && !isOfCakePhp && !isPiece) {
            // A stream ends by itself, soon.
            run(stack.php, [...stack.flags, '-d', 'sse.lifetime=1', file('block.php', script)], { cwd: directory });
        }
    },
    js: ({ text }) => run(process.execPath, ['--check', file('block.mjs', text)]),
    sh: ({ text }) => run('sh', ['-n', file('block.sh', text)]),
    bash: ({ text }) => run('bash', ['-n', file('block.sh', text)]),
    ini({ text }) {
        if (/^\[(Unit|Service)\]/m.test(text)) {
            assert.match(text, /^(#.*\n|;.*\n)?\[[A-Z]/);
            assert.doesNotMatch(text.replace(/^[#;\[].*|^$/gm, ''), /^(?!\w+=|$)/m);
        } else {
            run(stack.php, ['-r', 'exit((int) (parse_ini_file($argv[1], true, INI_SCANNER_RAW) === false));', file('block.ini', text)]);
        }
    },
    nginx: ({ text }) => nginx('check', text, ['-t']),
    apache: ({ text }) => apache('check', text, ['-t']),
    caddy: ({ text }) => run(program('caddy'), ['validate', '--adapter', 'caddyfile', '--config', file('Caddyfile', caddy(text, 8080))]),
    dockerfile({ text }) {
        for (const [, command] of text.matchAll(/^RUN ([^]*?[^\\])$/gm)) {
            run('sh', ['-n', file('block.sh', command)]);
        }
        assert.match(text, /^(FROM|COPY|RUN) /);
    },
    cron: ({ text }) => text.trim().split('\n').forEach((line) => {
        const [, command] = /^(?:[\d*/,-]+ ){5}[\w-]+ (.+)$/.exec(line) ?? assert.fail(line);
        run('sh', ['-n', file('block.sh', command)]);
    }),
    // Pages: recipes.test.js and tests/http/browser run those with a name.
    html: ({ text }) => assert.match(text, /^<[!a-z][^]*>\n$/),
    neon: ({ text }) => assert.doesNotMatch(text, /\t/),
    lighttpd: null,
    haproxy: null,
    '': null,
};

for (const page of pages) {
    test(`${page}: every block is what it says`, async (t) => {
        for (const block of blocksIn(page)) {
            assert.ok(block.language in CHECKS, `${page}:${block.line}: nobody looks at "${block.language}"`);
            await t.test(`line ${block.line}, ${block.language || 'text'}`, () => CHECKS[block.language]?.(block, page));
        }
    });

    test(`${page}: every link leads somewhere`, () => {
        for (const { target, anchor } of linksIn(page)) {
            const path = target ? join(dirname(page), target) : page;
            assert.ok(existsSync(join(root, path)), `${page} links to ${target}, which is not there`);
            if (anchor && path.endsWith('.md')) {
                assert.ok(anchorsIn(path).includes(anchor), `${page} links to ${target}#${anchor}, which ${path} has not`);
            }
        }
    });
}

/** A page's configuration of nginx in what is needed around it, with our addresses in their places. */
function nginx(name, text, args, { listen = 18080, socket = `unix:${FPM}`, docroot = directory } = {}) {
    const isMain = /^events/m.test(text);
    const isServer = /^server/m.test(text);
    const inner = isServer ? text : `server { listen 80; ${/^location/m.test(text) ? text : `location / { ${text} }`} }`;
    const http = `http {
        include /etc/nginx/mime.types; access_log off; types_hash_max_size 4096;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${directory}/${name}-${kind};`).join('\n')}
        ${isMain ? '' : inner}
    }`;
    const here = `daemon off; pid ${directory}/${name}.pid; error_log ${directory}/${name}.log;
        ${process.getuid() === 0 ? 'user www-data;' : ''}
        ${isMain ? text : 'events { }'}
        ${http}`
        .replace(/include fastcgi_params/g, 'include /etc/nginx/fastcgi_params')
        .replaceAll(`unix:${FPM}`, socket)
        .replaceAll('/srv/app/webroot', docroot)
        .replace(/listen 80;/, `listen 127.0.0.1:${listen};`);

    return run(program('nginx'), ['-p', directory, '-e', `${directory}/${name}.log`, '-c', file(`${name}.conf`, here), ...args]);
}

function apache(name, text, args, { listen = 18080, socket = `unix:${FPM}`, docroot = directory } = {}) {
    const modules = '/usr/lib/apache2/modules';
    const here = `ServerRoot ${directory}
        ServerName 127.0.0.1
        Listen 127.0.0.1:${listen}
        PidFile ${directory}/${name}.pid
        DefaultRuntimeDir ${directory}
        ErrorLog ${directory}/${name}.log
        ${process.getuid() === 0 ? 'User www-data\nGroup www-data' : ''}
        ${['mpm_event', 'authz_core', 'env', 'mime', 'proxy', 'proxy_fcgi'].map((module) => `LoadModule ${module}_module ${modules}/mod_${module}.so`).join('\n')}
        TypesConfig /etc/mime.types
        DocumentRoot ${docroot}
        <Directory ${docroot}>
            Require all granted
        </Directory>
        ${text}`.replaceAll(`unix:${FPM}`, socket);

    return run(program('apache2'), ['-f', file(`${name}.conf`, here), ...args]);
}

const caddy = (text, listen, socket = FPM, docroot = directory) => `{\n\tadmin off\n\tauto_https off\n}\n${text}`
    .replace('example.org', `http://:${listen}`).replace(`unix/${FPM}`, socket).replace('/srv/app/webroot', docroot);

async function freePort() {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));

    return port;
}

/** A server, until the test ends. It serves the pages of the stack by the stack's PHP-FPM. */
async function start(t, command, args, port) {
    const child = spawn(program(command) ?? command, args, { env: { ...process.env, PATH }, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text) => { said += text; });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    t.after(async () => {
        child.kill();
        const late = setTimeout(() => child.kill('SIGKILL'), 3000);
        await ended;
        clearTimeout(late);
    });
    const url = `http://127.0.0.1:${port}`;
    await until(async () => fetch(`${url}/ping.php`).then((answer) => answer.ok, () => false), () => `for ${command}: ${said}`);

    return url;
}

/** Streams through a server: what is pushed comes while the stream is open. */
async function assertStreams(t, url, key) {
    const stream = await RawStream.open(`${url}/stream.php?key=${encodeURIComponent(key)}`);
    t.after(() => stream.leave());
    await stream.connected();
    await stack.push(key, 'arrived');
    await until(() => stream.data.includes('arrived'), () => `for the event, there is ${JSON.stringify(stream.text)}`);
}

const socketOf = () => stack.address.replace('unix://', 'unix:');
const docroot = () => `${stack.dir}/public`;

/** What nginx() and apache() only write where they are told to check. */
function written(name, make, text, options) {
    make(name, text, ['-t'], options);

    return `${directory}/${name}.conf`;
}

test('docs/deploy.md: nginx as it is shown streams', async (t) => {
    const listen = await freePort();
    const configuration = written('shown', nginx, blockIn('docs/deploy.md', '@stream_later'), { listen, socket: socketOf(), docroot: docroot() });
    const url = await start(t, 'nginx', ['-p', directory, '-e', `${directory}/shown.log`, '-c', configuration], listen);

    await assertStreams(t, url, 'nginx as shown');
});

test('docs/deploy.md: while PHP-FPM is away nginx as it is shown answers streams with a pause, and pages with 503', async (t) => {
    const listen = await freePort();
    const configuration = written('away', nginx, blockIn('docs/deploy.md', '@stream_later'), { listen, socket: socketOf(), docroot: docroot() });
    const url = await start(t, 'nginx', ['-p', directory, '-e', `${directory}/away.log`, '-c', configuration], listen);
    await stack.fpm('stop');
    t.after(() => stack.fpm('start'));
    const stream = await fetch(`${url}/stream.php?key=k`, { headers: { Accept: 'text/event-stream' } });
    const page = await fetch(`${url}/ping.php`);

    assert.deepEqual([stream.status, stream.headers.get('content-type'), await stream.text()], [200, 'text/event-stream', 'retry: 3000\n\n']);
    assert.equal(page.status, 503);
});

test('docs/deploy.md: nginx before nginx as it is shown streams', async (t) => {
    const listen = await freePort();
    const outer = blockIn('docs/deploy.md', 'proxy_http_version').replace('127.0.0.1:8080', new URL(stack.url).host);
    const url = await start(t, 'nginx', ['-p', directory, '-e', `${directory}/outer.log`, '-c', written('outer', nginx, outer, { listen })], listen);

    await assertStreams(t, url, 'nginx before nginx');
});

test('docs/deploy.md: a header that the inner nginx lets through is enough', async (t) => {
    const [inner, outer] = [await freePort(), await freePort()];
    const lines = blockIn('docs/deploy.md', '@stream_later').replace('fastcgi_pass ', `${blockIn('docs/deploy.md', 'fastcgi_pass_header').trim()}\nfastcgi_pass `);
    await start(t, 'nginx', ['-p', directory, '-e', `${directory}/inner.log`, '-c', written('inner', nginx, lines, { listen: inner, socket: socketOf(), docroot: docroot() })], inner);
    const plain = `location / { proxy_pass http://127.0.0.1:${inner}; }`;
    const url = await start(t, 'nginx', ['-p', directory, '-e', `${directory}/plain.log`, '-c', written('plain', nginx, plain, { listen: outer })], outer);

    await assertStreams(t, url, 'header let through');
});

test('docs/deploy.md: Apache as it is shown streams', async (t) => {
    const listen = await freePort();
    const configuration = written('apache', apache, blockIn('docs/deploy.md', 'flushpackets'), { listen, socket: socketOf(), docroot: docroot() });
    const url = await start(t, 'apache2', ['-f', configuration, '-DFOREGROUND'], listen);

    await assertStreams(t, url, 'Apache as shown');
});

test('docs/deploy.md: Caddy as it is shown streams', async (t) => {
    const listen = await freePort();
    const configuration = file('Caddyfile', caddy(blockIn('docs/deploy.md', 'php_fastcgi'), listen, socketOf().replace('unix:', 'unix/'), docroot()));
    const url = await start(t, 'caddy', ['run', '--adapter', 'caddyfile', '--config', configuration], listen);

    await assertStreams(t, url, 'Caddy as shown');
});

const lighttpd = process.env.LIGHTTPD || program('lighttpd');
test('docs/deploy.md: lighttpd as it is shown streams', { skip: !lighttpd && 'there is no lighttpd' }, async (t) => {
    const listen = await freePort();
    const configuration = file('lighttpd.conf', `server.port = ${listen}\nserver.bind = "127.0.0.1"\nserver.document-root = "${docroot()}"
        ${process.env.LIGHTTPD_MODULES ? `server.modules-dir = "${process.env.LIGHTTPD_MODULES}"` : ''}\n${blockIn('docs/deploy.md', 'stream-response-body')}`
        .replace('fastcgi.server', 'index-file.names = ("index.php")\nfastcgi.server').replace(FPM, socketOf().replace('unix:', '')));
    const url = await start(t, lighttpd, ['-D', '-f', configuration], listen);

    await assertStreams(t, url, 'lighttpd as shown');
});

const haproxy = process.env.HAPROXY || program('haproxy');
test('docs/deploy.md: HAProxy as it is shown streams', { skip: !haproxy && 'there is no HAProxy' }, async (t) => {
    const listen = await freePort();
    const configuration = file('haproxy.cfg', blockIn('docs/deploy.md', 'timeout client').replace(':8080', `127.0.0.1:${listen}`).replace('127.0.0.1:80\n', `${new URL(stack.url).host}\n`));
    const url = await start(t, haproxy, ['-f', configuration], listen);

    await assertStreams(t, url, 'HAProxy as shown');
});
