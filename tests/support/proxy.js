import { connect, createServer } from 'node:net';

/** A way to nginx that can be cut. */
export class Proxy {
    #server;
    #sockets = new Set();
    #isOpen = true;
    #bytesLeft = Infinity;

    static async to(url) {
        const proxy = new Proxy();
        const { port } = new URL(url);
        proxy.#server = createServer((client) => proxy.#join(client, Number(port)));
        await new Promise((resolve) => { proxy.#server.listen(0, '127.0.0.1', resolve); });
        proxy.url = `http://127.0.0.1:${proxy.#server.address().port}`;

        return proxy;
    }

    #join(client, port) {
        this.#sockets.add(client);
        client.on('error', () => {});
        client.on('close', () => this.#sockets.delete(client));
        if (!this.#isOpen) {
            client.destroy();

            return;
        }
        const server = connect(port, '127.0.0.1');
        this.#sockets.add(server);
        server.on('error', () => {});
        server.on('close', () => { this.#sockets.delete(server); client.destroy(); });
        client.on('close', () => server.destroy());
        client.pipe(server);
        let bytesLeft = this.#bytesLeft;
        this.#bytesLeft = Infinity;
        server.on('data', (bytes) => {
            const part = bytes.subarray(0, bytesLeft);
            bytesLeft -= part.length;
            client.write(part);
            if (bytesLeft === 0) {
                client.end();
                server.destroy();
            }
        });
    }

    /** Ends the connections there are, and each new one until mend(). */
    cut() {
        this.#isOpen = false;
        for (const socket of this.#sockets) {
            socket.destroy();
        }
    }

    mend() {
        this.#isOpen = true;
    }

    /** The next connection ends after so many bytes of answer. */
    cutAfter(bytes) {
        this.#bytesLeft = bytes;
    }

    async close() {
        this.cut();
        await new Promise((resolve) => { this.#server.close(resolve); });
    }
}
