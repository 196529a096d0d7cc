<?php
declare(strict_types=1);

namespace Sse\Support;

/**
 * An application of which every address leads to one index.php, as CakePHP's do: where the web user reads it, and its
 * TMP, of which SSE_TMP tells it.
 */
final class Application
{
    /** Where it is, or a copy of it where the web user can't read it. */
    public readonly string $directory;
    public readonly string $tmp;
    private readonly string $source;

    /**
     * @param string $package its Composer package, with its vendor/
     * @param string $webroot where its index.php is, in the package
     * @param string $dir a directory for what is made for it
     */
    public function __construct(string $package, private readonly string $webroot, string $dir)
    {
        $this->source = (string)realpath($package);
        $this->directory = Configuration::isReadable("$this->source/vendor/autoload.php") ? $this->source : "$dir/app";
        $this->tmp = "$dir/tmp";
    }

    public function install(): void
    {
        if ($this->directory !== $this->source) {
            // Packages that came by git have their history with them.
            copyTree($this->source, $this->directory, ['.git', 'node_modules']);
        }
        mkdir($this->tmp);
        if (posix_geteuid() === 0) {
            // As an installation does it: web server and command line share it by the web user's group.
            chgrp($this->tmp, Configuration::WEB_USER);
        }
        chmod($this->tmp, 02770);
    }

    public function index(): string
    {
        return "$this->directory/$this->webroot/index.php";
    }
}
