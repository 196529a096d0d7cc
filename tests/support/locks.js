import { Conversation } from './conversation.js';

/** Holds a file's lock, as another process does; answers what lets it go. */
export async function holdFile(file) {
    const holder = new Conversation('flock', ['-x', file, 'sh', '-c', 'echo true; exec cat']);
    await holder.hear();

    return () => holder.close();
}
