<?php
Sse\stream($_GET['key'] ?? 'bench');
