import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from './directories.js';
import { Pusher } from './pusher.js';
import { extension, isPlain, php, plainSettings } from './stack.js';
import { until } from './until.js';

const docroot = fileURLToPath(new URL('public', import.meta.url));

/** A directory for events with a pusher, and what PHP programs use it; all of it ends with the test. */
export class Store {
    #dir = temporaryDirectory('store', 0o700);
    #flags = [
        `${isPlain ? 'auto_prepend_file' : 'extension'}=${extension}`, `sse.dir=${this.#dir}`, 'sse.retry=100', ...plainSettings,
    ].flatMap((setting) => ['-d', setting]);
    #pusher = new Pusher(php, this.#flags);
    #programs = [];

    constructor(t) {
        t.after(async () => {
            await Promise.all(this.#programs.map((program) => program.stop()));
            await this.#pusher.close();
        });
    }

    push(...event) {
        return this.#pusher.push(...event);
    }

    /** What is kept of a key. */
    async read(key) {
        const program = this.run('echo json_encode(array_column(Sse\\read($argv[1]), "data"));', key);
        await program.ended;

        return JSON.parse(program.output);
    }

    /** Code on the command line, with arguments. */
    run(code, ...args) {
        // No -r: plain PHP is a file that scripts begin with.
        const script = `${this.#dir}/run-${this.#programs.length}.php`;
        writeFileSync(script, `<?php ${code}`);

        return this.#start([script, ...args]);
    }

    /** PHP's own web server, with more settings. */
    async serve(env = {}, ...settings) {
        const port = await freePort();
        const url = `http://127.0.0.1:${port}`;
        const server = this.#start([...settings, '-S', `127.0.0.1:${port}`, '-t', docroot], env);
        await until(() => fetch(`${url}/ping.php`).then((answer) => answer.text(), () => null), () => `for php -S: ${server.errors}`);

        return { url, server };
    }

    #start(args, env = {}) {
        const program = new Program([...this.#flags, ...args], env);
        this.#programs.push(program);

        return program;
    }
}

/** A PHP that runs, with what it wrote so far. */
class Program {
    output = '';
    errors = '';
    ended;
    #process;

    constructor(args, env) {
        // A group of its own: php -S may have workers.
        this.#process = spawn(php, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...process.env, ...env } });
        this.#process.stdout.on('data', (text) => { this.output += text; });
        this.#process.stderr.on('data', (text) => { this.errors += text; });
        this.ended = new Promise((resolve) => {
            this.#process.on('close', (status, signal) => resolve(status ?? signal));
        });
    }

    get pid() {
        return this.#process.pid;
    }

    says(text) {
        return until(() => this.output.includes(text), () => `for "${text}", it said: ${this.output}${this.errors}`);
    }

    stopListening() {
        this.#process.stdout.destroy();
    }

    async stop() {
        if (this.#process.exitCode === null && this.#process.signalCode === null) {
            process.kill(-this.#process.pid, 'SIGTERM');
        }
        await this.ended;
    }
}

/** A TCP port on the loopback that nobody listens on now. */
export async function freePort() {
    const server = createServer();
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const { port } = server.address();
    await new Promise((resolve) => { server.close(resolve); });

    return port;
}
