<?php
/**
 * @var \Cake\View\View $this
 * @var string $message
 */
?>
<h1><?= h($message) ?></h1>
