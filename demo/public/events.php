<?php
/**
 * The page's stream: three keys in one response. Authenticate and authorize here, as for any other page.
 */
declare(strict_types=1);

Sse\stream(['demo', 'news', 'pulse']);
