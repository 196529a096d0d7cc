<?php
Sse\stream('news');
