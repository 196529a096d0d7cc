import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
// root has no sandbox; the others keep the browser from calling home.
const FLAGS = [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** The Chromium of this machine, or the one that CHROMIUM names. */
export function launchBrowser() {
    return chromium.launch({ executablePath: process.env.CHROMIUM || PATHS.find(existsSync), args: FLAGS });
}
