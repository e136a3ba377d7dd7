/** Which files of a clone go to the builder, by .dockerignore. */

/**
 * Docker's rules, as far as ours uses them: the last line that matches decides, `!` takes back, a line names a path from the
 * root and all below it, `*` stays within a folder and a leading double star spans any number of them.
 */
export function contextOf(files: string[], ignore: string): string[] {
  const rules = ignore
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => ({
      keeps: line.startsWith('!'),
      matches: matcher(line.replace(/^!/, '').replace(/\/$/, '')),
    }))
  return files.filter(file => rules.findLast(({ matches }) => matches.test(file))?.keeps ?? true)
}

function matcher(pattern: string): RegExp {
  const [, anywhere, rest = ''] = /^(\*\*\/)?(.*)$/.exec(pattern) ?? []
  const name = rest.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '[^/]*')
  return new RegExp(`^${anywhere === undefined ? '' : '(?:.*/)?'}${name}(?:/.*)?$`)
}
