SELECT json_object('PK', json_object('S', '1'), 'value', json_object('S', 'a secret'));
