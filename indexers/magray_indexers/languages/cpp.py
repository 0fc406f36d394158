"""C++, CUDA and Objective-C++ headers."""

from magray_indexers.languages.c import DEFINITIONS
from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="cpp",
    extensions=(".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++", ".ipp", ".tpp", ".inl", ".cu", ".cuh"),
    grammar="cpp",
    ast_grep="cpp",
    is_code=True,
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    attribute=r"\[\[",
    definitions=DEFINITIONS
    + """
(class_specifier name: (_) @name body: (_)) @class
(namespace_definition name: (_) @name) @namespace
(concept_definition name: (_) @name) @type
(alias_declaration name: (_) @name) @type
(template_declaration [
  (class_specifier name: (_) @name)
  (struct_specifier name: (_) @name)
  (concept_definition name: (_) @name)
  (alias_declaration name: (_) @name)
  (function_definition declarator: (function_declarator declarator: (_) @name))
  (function_definition declarator: (reference_declarator (function_declarator declarator: (_) @name)))
  (declaration declarator: (function_declarator declarator: (_) @name))]) @outer
(function_definition declarator: [
  (function_declarator declarator: [
    (field_identifier) (qualified_identifier) (destructor_name) (operator_name)] @name)
  (operator_cast type: (_) @name)
  (reference_declarator (function_declarator declarator: (_) @name))
  (pointer_declarator declarator: (function_declarator
    declarator: [(field_identifier) (qualified_identifier)] @name))]) @function
(field_declaration declarator: [
  (function_declarator declarator: (_) @name)
  (reference_declarator (function_declarator declarator: (_) @name))
  (pointer_declarator declarator: (function_declarator declarator: (_) @name))]) @method
""",
)
