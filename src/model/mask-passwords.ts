/**
 * `scheme://user:password@host` with the password replaced by `***`, wherever it stands in the text. The password runs to the last `@`
 * before a blank or quote, because people do not escape theirs; a port (`http://host:80/a@b`) is left alone.
 */
export function maskPasswords(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/?#"'@]*:)(?!\d+(?:[/?#\s"']|$))[^\s"']*@/gi, '$1***@');
}
