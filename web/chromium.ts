/** A Chromium to drive: for the tests in browsers, the picture of the README and the frame rate. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Several windows are watched at once; none of them may fall asleep.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
]

/** CHROMIUM_PATH, else where systems keep it; undefined where there is none. */
export function findChromium(path: string | undefined): string | undefined {
  if (path !== undefined && path !== '') return path
  return PLACES.find(place => existsSync(place))
}

/** @throws Error that names the cure */
export async function launchChromium(path: string | undefined): Promise<Browser> {
  const executablePath = findChromium(path)
  if (executablePath === undefined)
    throw new Error(
      'No Chromium was found.\nCure: apt-get install chromium, or set CHROMIUM_PATH to a Chrome.',
    )
  return chromium.launch({ executablePath, args: FLAGS })
}
