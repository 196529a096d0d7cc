<p id="news">Nothing yet.</p>
<script>
document.addEventListener('sse:toast', ({ detail }) => {
    document.getElementById('news').textContent = detail.data.message;
});
</script>
<?= $this->Sse->connect('/news/stream', 'news') ?>
