<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Conformance;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Sse\Test\Support\Command;
use Sse\Test\Support\EngineUnderTest;
use Sse\Test\Support\ProcessesTrait;

/**
 * `bin/cake migrations migrate -p Sse`, and back.
 */
class MigrationTest extends TestCase
{
    use ProcessesTrait;

    /**
     * @return array<string, array{\Sse\Test\Support\EngineUnderTest}>
     */
    public static function databases(): array
    {
        return array_map(fn(EngineUnderTest $engine): array => [$engine], EngineUnderTest::of('database'));
    }

    #[DataProvider('databases')]
    public function testItMakesTheTableThatTheOtherTestsHaveAndRollsBack(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $worker = $this->worker();
        $expected = $worker->ask('describe');
        $worker->ask('sql', 'DROP TABLE sse_payloads');

        $said = Command::run(['migrations', 'migrate', '-p', 'Sse', '--no-lock'], $this->environment);

        $this->assertStringContainsString('CreateSsePayloads: migrated', $said);
        $made = $worker->ask('describe');
        $this->assertEquals($this->withoutSizes($engine, $expected), $this->withoutSizes($engine, $made));
        $this->assertTrue($worker->push('migrated', ['n' => 1]));
        $this->assertSame(['n' => 1], $worker->check('migrated', 0)['data'] ?? null);

        $said = Command::run(['migrations', 'rollback', '-p', 'Sse', '--no-lock'], $this->environment);

        $this->assertStringContainsString('CreateSsePayloads: reverted', $said);
        $this->assertFalse($worker->push('migrated', ['n' => 2]));
    }

    /**
     * In SQLite an integer has the room that it needs, whatever its type is called.
     *
     * @param array<mixed> $table What is known of the table.
     * @return array<mixed>
     */
    private function withoutSizes(EngineUnderTest $engine, array $table): array
    {
        return $engine->server === null
            ? json_decode(str_replace('biginteger', 'integer', (string)json_encode($table)), true)
            : $table;
    }
}
