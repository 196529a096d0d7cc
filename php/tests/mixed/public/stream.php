<?php
declare(strict_types=1);

Sse\stream('k', ['replay' => 'all', 'connected' => false]);
