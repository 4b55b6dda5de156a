/**
 * What of a `style` of the document is shown: looks, but nothing that moves a part out of its place, covers others or
 * loads something.
 */

type Style = Readonly<Record<string, unknown>>

const HARMLESS = new RegExp(
  `^(?:${[
    '--xy-[\\w-]+|color|opacity|lineHeight|letterSpacing|whiteSpace|wordBreak|overflowWrap|boxSizing',
    '(?:min|max)?(?:[wW]idth|[hH]eight)|aspectRatio|gap|alignItems|justifyContent',
    'textAlign|textTransform|textDecoration(?:Color|Line|Style|Thickness)?',
    '(?:border|font|padding|background|stroke|fill)(?:[A-Z]\\w*)?'
  ].join('|')})$`
)
/** An escape may hide one of these words. */
const LOADS = /url\(|image-set\(|image\(|src\(|\\/i
/** Larger than any part of an honest canvas, in pixels. */
const MAX_LENGTH = 10_000

/** The same object if there is nothing to leave out. */
export function shownStyle(style: Style): Style {
  const entries = Object.entries(style)
  const good = entries.filter(([key, value]) => HARMLESS.test(key) && isHarmlessValue(value))
  return good.length === entries.length ? style : Object.fromEntries(good)
}

function isHarmlessValue(value: unknown): boolean {
  const text = String(value)
  const length = Math.abs(Number.parseFloat(text))
  return !LOADS.test(text) && (Number.isNaN(length) || length <= MAX_LENGTH)
}
