<?php
declare(strict_types=1);

namespace Sse\Test\TestCase;

use App\Controller\ReportsController;
use App\Controller\StreamController;
use App\Sse\JournalPayloads;
use Cake\TestSuite\TestCase;
use ParseError;
use PhpToken;
use ReflectionClass;
use Sse\Test\TestCase\Controller\StreamControllerTest;

/**
 * What the README shows is what these tests and those in tests/http run.
 */
class ReadmeTest extends TestCase
{
    private const README = __DIR__ . '/../../README.md';

    /**
     * @return list<string>
     */
    private function blocks(string $language): array
    {
        preg_match_all("/^```$language\n(.*?)^```/ms", (string)file_get_contents(self::README), $matches);

        return $matches[1];
    }

    private function block(string $words): string
    {
        foreach ($this->blocks('php') as $block) {
            if (str_contains($block, $words)) {
                return $block;
            }
        }
        $this->fail("The README has no block with: $words");
    }

    /**
     * The text without comments and spaces.
     */
    private function code(string $php): string
    {
        $tokens = PhpToken::tokenize("<?php $php");
        $meant = array_filter($tokens, fn(PhpToken $token): bool => !$token->isIgnorable());

        return implode(' ', array_map(fn(PhpToken $token): string => $token->text, $meant));
    }

    private function source(string $class): string
    {
        return (string)file_get_contents((string)(new ReflectionClass($class))->getFileName());
    }

    public function testEachPhpExampleIsPhp(): void
    {
        $blocks = $this->blocks('php');
        $this->assertGreaterThan(8, count($blocks));
        foreach ($blocks as $block) {
            try {
                PhpToken::tokenize(str_starts_with($block, '<?') ? $block : "<?php $block", TOKEN_PARSE);
            } catch (ParseError) {
                // A method.
                PhpToken::tokenize("<?php class Example { $block }", TOKEN_PARSE);
            }
            $this->addToAssertionCount(1);
        }
    }

    public function testItsControllerIsTheOneThatIsTested(): void
    {
        $shown = $this->code($this->block('class StreamController'));

        $this->assertStringContainsString($shown, $this->code(substr($this->source(StreamController::class), 5)));
    }

    public function testItsOrderedClassIsTheOneThatIsTested(): void
    {
        $shown = $this->code($this->block('class JournalPayloads'));

        $this->assertStringContainsString($shown, $this->code(substr($this->source(JournalPayloads::class), 5)));
    }

    public function testItsReportsControllerIsTheOneThatIsTested(): void
    {
        $shown = $this->code($this->block('class ReportsController'));
        $tested = $this->code(substr($this->source(ReportsController::class), 5));

        $this->assertStringContainsString((string)strstr($shown, 'class '), $tested);
    }

    public function testItsTestIsOneThatPasses(): void
    {
        $shown = (string)strstr($this->code($this->block('class StreamControllerTest')), 'class ');

        $this->assertStringContainsString($shown, $this->code(substr($this->source(StreamControllerTest::class), 5)));
    }

    public function testItsRoutesAreThoseThatAreTested(): void
    {
        $shown = $this->code($this->block('// config/routes.php'));
        $tested = (string)file_get_contents(CONFIG . 'routes.php');

        $this->assertStringContainsString($shown, $this->code(substr($tested, 5)));
    }
}
