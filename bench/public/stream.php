<?php
Sse\stream($_GET['key'] ?? 'bench', array_intersect_key($_GET, ['dsn' => true]));
