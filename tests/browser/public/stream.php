<?php
/**
 * A stream of ?key=… (or ?key[]=…&key[]=…) with the options of ?options={JSON}.
 */
declare(strict_types=1);

Sse\stream($_GET['key'], json_decode($_GET['options'] ?? '{}', true, flags: JSON_THROW_ON_ERROR));
