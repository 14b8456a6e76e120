-- Three customers with twelve orders each, and five products: one item as DynamoDB JSON a row.
WITH RECURSIVE
  numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 12),
  customers(id, name, tags) AS (
    VALUES ('C1', 'Ada Lovelace', json('["gold","early"]')), ('C2', 'Émile Zola', json('["silver"]')), ('C3', 'Grace Hopper', json('["gold"]'))
  ),
  products(id, title, price, stock) AS (
    VALUES ('P1', 'Pencil', '0.95', 40), ('P2', 'Notebook', '3.5', 7), ('P3', 'Eraser', '1.2', 0), ('P4', 'Ruler', '2', 12), ('P5', 'Globe', '49.99', 1)
  )
SELECT json_object(
  'PK', json_object('S', 'CUSTOMER#' || id),
  'SK', json_object('S', 'PROFILE'),
  'id', json_object('S', id),
  'name', json_object('S', name),
  'tags', json_object('SS', json(tags)),
  'address', json_object('M', json_object('city', json_object('S', CASE id WHEN 'C2' THEN 'Paris' ELSE 'London' END), 'lines', json_object('L', json('[{"S":"1 Main St"},{"NULL":true}]')))),
  'newsletter', json_object('BOOL', json(CASE id WHEN 'C1' THEN 'true' ELSE 'false' END))
) FROM customers
UNION ALL
SELECT json_object(
  'PK', json_object('S', 'CUSTOMER#' || id),
  'SK', json_object('S', printf('ORDER#2026-%02d', n)),
  'order', json_object('S', id || '-' || n),
  'placedAt', json_object('S', printf('2026-%02d-28T%02d:30:15.250Z', n, n)),
  'total', json_object('N', CAST(n * 7.25 AS TEXT)),
  'status', json_object('S', CASE n % 3 WHEN 0 THEN 'SHIPPED' WHEN 1 THEN 'OPEN' ELSE 'CANCELLED' END),
  'items', json_object('L', json('[{"M":{"product":{"S":"P1"},"count":{"N":"' || n || '"}}},{"M":{"product":{"S":"P2"},"count":{"N":"1"}}}]'))
) FROM customers, numbers
UNION ALL
SELECT json_object(
  'PK', json_object('S', 'PRODUCT#' || id),
  'SK', json_object('S', 'PRODUCT'),
  'id', json_object('S', id),
  'title', json_object('S', title),
  'price', json_object('N', price),
  'stock', json_object('N', CAST(stock AS TEXT))
) FROM products
