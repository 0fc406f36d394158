"""Go."""

from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="go",
    extensions=(".go",),
    grammar="go",
    ast_grep="go",
    is_code=True,
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    definitions="""
(function_declaration name: (_) @name) @function
(method_declaration receiver: (parameter_list (parameter_declaration
  type: [(type_identifier) @receiver (pointer_type (type_identifier) @receiver)
         (generic_type type: (_) @receiver) (pointer_type (generic_type type: (_) @receiver))]))
  name: (_) @name) @method
(type_spec name: (_) @name type: (struct_type)) @struct
(type_spec name: (_) @name type: (interface_type)) @interface
(type_spec name: (_) @name) @type
(type_alias name: (_) @name) @type
(type_declaration . [(type_spec name: (_) @name) (type_alias name: (_) @name)] .) @outer
(method_elem name: (_) @name) @method
(struct_type (field_declaration_list (field_declaration name: (_) @name) @field))
(source_file (const_declaration (const_spec name: (_) @name) @constant))
(source_file (var_declaration (var_spec name: (_) @name) @variable))
""",
)
