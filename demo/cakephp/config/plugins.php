<?php
declare(strict_types=1);

// As "bin/cake plugin load Sse" writes it.
return [
    'Authentication' => [],
    'Sse' => [],
];
