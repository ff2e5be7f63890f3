// Starts Swagger UI on the document of this service.
'use strict';

/** Text with `code` in it, one paragraph a blank line: what the document's texts are made of. */
function prose(React, text) {
  const pieces = (paragraph) => paragraph.split('`').map((piece, n) => (n % 2 ? React.createElement('code', { key: n }, piece) : piece));
  return text.split(/\n\n+/).filter(Boolean).map((paragraph, n) => React.createElement('p', { key: n }, ...pieces(paragraph)));
}

/**
 * Swagger UI makes markup of descriptions by assigning HTML, which the policy of trusted types refuses. This part draws them
 * as text instead.
 */
const plainText = ({ React }) => ({
  components: {
    Markdown: ({ source, className = '' }) => React.createElement('div', { className: `markdown ${className}` }, prose(React, source ?? '')),
  },
});

window.addEventListener('DOMContentLoaded', () => {
  SwaggerUIBundle({
    url: 'openapi.json',
    dom_id: '#document',
    // The address names the operation that is open.
    deepLinking: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    // No validator of another host is asked, and the token is kept for no other visit.
    validatorUrl: null,
    persistAuthorization: false,
    plugins: [plainText],
  });
});
