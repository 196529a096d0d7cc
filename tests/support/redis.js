import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { temporaryDirectory } from './directories.js';
import { until } from './until.js';

/** A Redis of our own that keeps what it has over a restart. It ends with the test. */
export class Redis {
    #dir = temporaryDirectory('redis');
    #options;
    #program;

    constructor(options) {
        this.#options = options;
    }

    /** options: those of redis-server. */
    static async start(t, ...options) {
        const redis = new Redis(options);
        t.after(() => redis.#end());
        mkdirSync(`${redis.#dir}/data`);
        await redis.start();

        return redis;
    }

    get pid() {
        return this.#program.pid;
    }

    get socket() {
        return `${this.#dir}/redis.sock`;
    }

    get dsn() {
        return `redis+unix://${this.socket}`;
    }

    async start() {
        this.#program = spawn('redis-server', [
            '--port', '0', '--unixsocket', this.socket, '--unixsocketperm', '777',
            '--dir', `${this.#dir}/data`, '--save', '', '--appendonly', 'yes', ...this.#options,
        ], { stdio: 'ignore' });
        await until(async () => (await this.ask('PING')) === '+PONG', 'for Redis');
    }

    async stop(signal = 'SIGTERM') {
        const ended = once(this.#program, 'exit');
        this.#program.kill(signal);
        await ended;
    }

    kill() {
        return this.stop('SIGKILL');
    }

    /** What it kept is gone; it doesn't run. */
    forget() {
        rmSync(`${this.#dir}/data`, { recursive: true });
        mkdirSync(`${this.#dir}/data`);
    }

    /** From here on it takes connections, and answers nobody. */
    hang() {
        this.#program.kill('SIGSTOP');
    }

    goOn() {
        this.#program.kill('SIGCONT');
    }

    async #end() {
        if (this.#program.exitCode === null && this.#program.signalCode === null) {
            this.goOn();
            await this.stop();
        }
    }

    /** The first line of its answer; null if it doesn't take connections. */
    ask(command) {
        return new Promise((resolve) => {
            const socket = connect(this.socket, () => socket.write(`${command}\r\n`));
            socket.on('error', () => resolve(null));
            socket.on('data', (data) => {
                socket.destroy();
                resolve(data.toString().split('\r\n', 1)[0]);
            });
        });
    }
}
