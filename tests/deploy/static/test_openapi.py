"""The document of the API, as a validator of OpenAPI 3.1 reads it."""

import json
import unittest

from openapi_spec_validator import OpenAPIV31SpecValidator

from common import BINARY, run


class OpenApi(unittest.TestCase):
    def test_the_document_is_valid(self):
        document = json.loads(run(BINARY, "openapi").stdout)
        self.assertEqual([error.message for error in OpenAPIV31SpecValidator(document).iter_errors()], [])


if __name__ == "__main__":
    unittest.main()
