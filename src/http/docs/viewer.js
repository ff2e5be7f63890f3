// Draws openapi.json: routes with their parameters, bodies, answers, examples, error codes, and a line of curl each.
'use strict';

/** An element with its attributes and children; text is text, never markup. */
function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Text with `code` in it, one paragraph a blank line. */
function prose(text) {
  return (text || '').split(/\n\n+/).filter(Boolean).map((paragraph) =>
    el('p', {}, ...paragraph.split('`').map((part, n) => (n % 2 ? el('code', {}, part) : part))));
}

const written = (value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));

class Viewer {
  constructor(api, base) {
    this.api = api;
    this.base = base;
  }

  resolved(schema) {
    let found = schema;
    while (found && found.$ref) found = found.$ref.slice(2).split('/').reduce((at, key) => at[key], this.api);
    return found || {};
  }

  /** A type in a few words, with links to the schemas it names. */
  type(schema) {
    if (!schema) return ['anything'];
    if (schema.$ref) {
      const name = schema.$ref.split('/').pop();
      return [el('a', { href: `#schema-${name}` }, name)];
    }
    const choices = schema.oneOf || schema.anyOf || schema.allOf;
    if (choices) return choices.flatMap((one, n) => [n ? (schema.allOf ? ' and ' : ' or ') : '', ...this.type(one)]);
    if (schema.enum) return [schema.enum.map((one) => JSON.stringify(one)).join(' | ')];
    const types = [].concat(schema.type || 'object').join(' or ');
    if (schema.items) return ['list of ', ...this.type(schema.items)];
    const limits = [['minimum', '≥'], ['maximum', '≤'], ['minLength', 'length ≥'], ['maxLength', 'length ≤']]
      .filter(([key]) => schema[key] !== undefined && !(key === 'minimum' && schema[key] === 0))
      .map(([key, sign]) => `${sign} ${schema[key]}`);
    return [[types, schema.format === 'date-time' ? 'time' : '', ...limits].filter(Boolean).join(', ')];
  }

  /** The fields of an object, those it is made of included. */
  fields(schema) {
    const parts = (schema.allOf || []).flatMap((part) => this.fields(this.resolved(part)));
    const required = schema.required || [];
    const own = Object.entries(schema.properties || {}).map(([name, field]) => ({ name, field, required: required.includes(name) }));
    return [...parts, ...own];
  }

  table(rows) {
    if (!rows.length) return null;
    return el('table', {}, el('tbody', {}, ...rows.map(({ name, where, field, required, description }) => el('tr', {},
      el('th', { scope: 'row' }, el('code', {}, name), where ? ` ${where}` : '', required ? el('em', {}, ' required') : ''),
      el('td', {}, ...this.type(field)),
      el('td', {}, ...prose(description || field.description || ''))))));
  }

  examples(content) {
    return Object.entries(content.examples || {}).map(([name, example]) =>
      el('details', {}, el('summary', {}, name), el('pre', {}, written(example.value))));
  }

  content(media) {
    return Object.entries(media || {}).flatMap(([kind, content]) => {
      const schema = content.schema || {};
      return [el('p', {}, el('code', {}, kind), ' ', ...this.type(schema)), ...this.examples(content)];
    });
  }

  curl(method, path, operation) {
    const parameter = (name) => ({ number: '5491122334455', id: 'ID' })[name] || name.toUpperCase();
    const url = this.base + path.replace(/\{(\w+)\}/g, (_, name) => parameter(name));
    const words = ['curl -s', `'${url}'`];
    if (method === 'post') {
      const media = ((operation.requestBody || {}).content || {})['application/json'] || {};
      const first = Object.values(media.examples || {})[0];
      const body = JSON.stringify(first ? first.value : {}).replace(/'/g, "'\\''");
      words.push("-H 'content-type: application/json'", `-d '${body}'`);
    }
    if (path === '/events') words.push('-N');
    if (path.endsWith('.png')) words.push('-o code.png');
    return words.join(' ');
  }

  operation(method, path, operation, isWebhook) {
    const id = `operation-${operation.operationId}`;
    const parameters = (operation.parameters || [])
      .map(({ name, in: where, required, schema, description }) => ({ name, where, required, field: schema, description }));
    const body = (operation.requestBody || {}).content;
    return el('section', { id, class: 'operation' },
      el('h3', {}, el('span', { class: `method ${method}` }, method.toUpperCase()), ' ', el('code', {}, path)),
      el('p', { class: 'summary' }, operation.summary || ''),
      ...prose(operation.description),
      isWebhook ? null : el('pre', { class: 'curl' }, this.curl(method, path, operation)),
      parameters.length ? el('h4', {}, 'Parameters') : null, this.table(parameters),
      body ? el('h4', {}, 'Body') : null, ...this.content(body),
      el('h4', {}, 'Answers'),
      ...Object.entries(operation.responses).map(([status, answer]) => el('details', { class: `answer s${status[0]}` },
        el('summary', {}, el('strong', {}, status), ' ', ...prose(answer.description).flatMap((p) => [...p.childNodes])),
        ...this.content(answer.content))));
  }

  groups() {
    const groups = new Map((this.api.tags || []).map((tag) => [tag.name, { tag, operations: [] }]));
    const add = (section, isWebhook) => {
      for (const [path, item] of Object.entries(section || {})) {
        for (const [method, operation] of Object.entries(item)) {
          groups.get(operation.tags[0]).operations.push([method, path, operation, isWebhook]);
        }
      }
    };
    add(this.api.paths, false);
    add(this.api.webhooks, true);
    return [...groups.values()];
  }

  draw() {
    const { info, components } = this.api;
    const groups = this.groups();
    const schemas = Object.entries(components.schemas);
    const link = ([method, path, operation]) => el('li', {},
      el('a', { href: `#operation-${operation.operationId}` }, el('span', { class: `method ${method}` }, method.toUpperCase()), ' ', path));
    document.getElementById('contents').replaceChildren(
      ...groups.flatMap(({ tag, operations }) => [el('h2', {}, tag.name), el('ul', {}, ...operations.map(link))]),
      el('h2', {}, 'schemas'),
      el('ul', {}, ...schemas.map(([name]) => el('li', {}, el('a', { href: `#schema-${name}` }, name)))));
    document.getElementById('document').replaceChildren(
      el('h1', {}, info.title, ' ', el('small', {}, info.version)), ...prose(info.description),
      el('p', {}, el('a', { href: 'openapi.json' }, 'openapi.json')),
      ...groups.flatMap(({ tag, operations }) => [
        el('h2', {}, tag.name), ...prose(tag.description), ...operations.map((operation) => this.operation(...operation))]),
      el('h2', {}, 'Schemas'),
      ...schemas.map(([name, schema]) => el('section', { id: `schema-${name}`, class: 'schema' },
        el('h3', {}, name), ...prose(schema.description),
        this.table(this.fields(schema)) || el('p', {}, ...this.type(schema)))));
  }
}

async function main() {
  const answer = await fetch('openapi.json');
  if (!answer.ok) throw new Error(`openapi.json: HTTP ${answer.status}`);
  new Viewer(await answer.json(), new URL('.', location.href).href.replace(/\/$/, '')).draw();
  // What the address names is there only now.
  const named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named) named.scrollIntoView();
}

main().catch((error) => {
  document.getElementById('document').replaceChildren(el('p', { role: 'alert' }, `The document could not be drawn: ${error.message}`));
});
