import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { until } from '../../browser/lib/until.js';

/** A Redis of our own that keeps what it has over a restart. It ends with the test. */
export class Redis {
    #dir = mkdtempSync('/tmp/sse-redis-');
    #program;

    static async start(t) {
        const redis = new Redis();
        t.after(() => redis.#remove());
        chmodSync(redis.#dir, 0o755);
        mkdirSync(`${redis.#dir}/data`);
        await redis.start();

        return redis;
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
            '--dir', `${this.#dir}/data`, '--save', '', '--appendonly', 'yes',
        ], { stdio: 'ignore' });
        await until(() => this.#answers(), 'for Redis');
    }

    async stop() {
        const ended = once(this.#program, 'exit');
        this.#program.kill('SIGTERM');
        await ended;
    }

    /** From here on it takes connections, and answers nobody. */
    hang() {
        this.#program.kill('SIGSTOP');
    }

    goOn() {
        this.#program.kill('SIGCONT');
    }

    async #remove() {
        if (this.#program.exitCode === null && this.#program.signalCode === null) {
            this.goOn();
            await this.stop();
        }
        rmSync(this.#dir, { recursive: true });
    }

    #answers() {
        return new Promise((resolve) => {
            const socket = connect(this.socket, () => socket.write('PING\r\n'));
            socket.on('error', () => resolve(false));
            socket.on('data', (data) => {
                socket.destroy();
                resolve(data.toString().startsWith('+PONG'));
            });
        });
    }
}
