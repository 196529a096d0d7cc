<?php
declare(strict_types=1);

return ['Sse' => [], 'Authentication' => [], 'Migrations' => ['onlyCli' => true]];
