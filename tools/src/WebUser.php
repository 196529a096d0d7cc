<?php
declare(strict_types=1);

namespace Sse\Tools;

/**
 * Whom a command acts as. root acts as the user that PHP has on the web: what it makes is that user's, and it sees that
 * user's hub. Anybody else acts as himself: what the store refuses him is an error that says how to mend it.
 */
final class WebUser
{
    /**
     * Whom PHP on the web usually runs as.
     */
    private const USUAL = ['www-data', 'apache', 'nginx', 'http'];

    private function __construct(
        private readonly string $name,
        private readonly bool $isTheWebs,
        private readonly bool $wasRoot,
    ) {
    }

    /**
     * Becomes it, for the rest of the process.
     *
     * @param array<string, mixed> $status As `Sse\status()` answers it: of a store in files it is whom those belong to.
     */
    public static function become(array $status): self
    {
        if (!function_exists('posix_geteuid')) {
            return new self(get_current_user(), false, false);
        }
        $self = posix_getpwuid(posix_geteuid());
        $name = $self === false ? (string)posix_geteuid() : $self['name'];
        $web = self::ofStore($status);
        if (posix_geteuid() !== 0 || $web === null || !self::canRun($web)) {
            return new self($name, $web !== null && $web['name'] === $name, false);
        }
        $isDone = posix_initgroups($web['name'], $web['gid']) && posix_setgid($web['gid']) && posix_setuid($web['uid']);
        if (!$isDone) {
            throw new Usage("root can't act as $web[name] here: " . posix_strerror(posix_get_last_error()));
        }

        return new self($web['name'], true, true);
    }

    public function isTheWebs(): bool
    {
        return $this->isTheWebs;
    }

    public function words(): string
    {
        return $this->wasRoot ? "$this->name, as PHP on the web (you are root)" : $this->name;
    }

    /**
     * The owner of the store's directory or file, else the user that is called as its group; where the store has no
     * files, whoever PHP on the web usually runs as. Not root.
     *
     * @param array<string, mixed> $status
     * @return array{name: string, uid: int, gid: int}|null
     */
    private static function ofStore(array $status): ?array
    {
        if (!in_array($status['engine'], ['file', 'sqlite'], true)) {
            $users = array_filter(array_map(posix_getpwnam(...), self::USUAL));

            return array_values($users)[0] ?? null;
        }
        $path = (string)preg_replace('~^[a-z]+://(?=/)~', '', (string)$status['store']);
        if (!file_exists($path)) {
            return null;
        }
        $group = posix_getgrgid((int)filegroup($path));
        foreach ([posix_getpwuid((int)fileowner($path)), posix_getpwnam($group['name'] ?? '')] as $user) {
            if ($user !== false && $user['uid'] !== 0) {
                return $user;
            }
        }

        return null;
    }

    /**
     * Whether that user can read this code, which is loaded piece by piece.
     *
     * @param array{name: string, uid: int, gid: int} $user
     */
    private static function canRun(array $user): bool
    {
        posix_setegid($user['gid']);
        posix_seteuid($user['uid']);
        clearstatcache();
        $can = is_readable(__FILE__);
        posix_seteuid(0);
        posix_setegid(0);

        return $can;
    }
}
