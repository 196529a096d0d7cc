<?php
/**
 * @var \Cake\View\View $this
 */
?>
<!doctype html>
<html lang="en">
<head>
    <?= $this->Html->charset() ?>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>CakePHP and sse</title>
    <link rel="icon" href="data:,">
    <?= $this->Html->css('page') ?>
    <?= $this->Html->script('page', ['defer' => true]) ?>
    <?= $this->fetch('script') ?>
</head>
<body>
<?= $this->fetch('content') ?>
</body>
</html>
