<?php
Sse\stream('bench');
