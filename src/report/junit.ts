import { failureReasons, replayCommand, scenarioLabel } from './labels.js'
import type { Report, ScenarioOutcome } from './report.js'

/** A report as JUnit XML, which most CI systems show: one test case per scenario. No times: a report has none. */
export function reportJunit(report: Report): string {
  const { outcomes, failedScenarios } = report
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${outcomes.length}" failures="${failedScenarios}">`,
    `  <testsuite name="contention" tests="${outcomes.length}" failures="${failedScenarios}">`,
    ...outcomes.flatMap(testCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function testCase(outcome: ScenarioOutcome): readonly string[] {
  const open = `    <testcase classname="contention" name="${escapeXml(scenarioLabel(outcome))}"`
  const reasons = failureReasons(outcome)
  const [first] = reasons
  if (first === undefined) return [`${open} />`]
  return [
    `${open}>`,
    `      <failure message="${escapeXml(first)}">${escapeXml([...reasons, replayCommand(outcome)].join('\n'))}</failure>`,
    '    </testcase>',
  ]
}

/** Characters that XML 1.0 does not allow at all are left out. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
