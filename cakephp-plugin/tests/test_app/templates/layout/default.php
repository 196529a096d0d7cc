<?php
/**
 * @var \Cake\View\View $this
 */
?>
<!doctype html>
<meta charset="utf-8">
<title>Test</title>
<link rel="icon" href="data:,">
<?= $this->fetch("content") ?>
