<?php
/**
 * @var \Cake\View\View $this
 */
?>
<!doctype html>
<html lang="en">
<head><title>Error</title></head>
<body><?= $this->fetch('content') ?></body>
</html>
