<?php
/**
 * @var \Cake\View\View $this
 */
?>
<html lang="en"><body><?= $this->fetch('content') ?></body></html>
