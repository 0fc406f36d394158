"""Zig."""

from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="zig",
    extensions=(".zig", ".zon"),
    grammar="zig",
    ast_grep="zig",
    is_code=True,
    line_comments=("//",),
    definitions="""
(Decl (FnProto function: (_) @name)) @function
(Decl (VarDecl variable_type_function: (_) @name
  (ErrorUnionExpr (SuffixExpr (ContainerDecl (ContainerDeclType "enum")))))) @enum
(Decl (VarDecl variable_type_function: (_) @name (ErrorUnionExpr (SuffixExpr (ContainerDecl))))) @struct
(source_file (Decl (VarDecl variable_type_function: (_) @name)) @constant)
(source_file "pub" @outer . (Decl [(FnProto function: (_) @name) (VarDecl variable_type_function: (_) @name)]))
(ContainerDecl "pub" @outer . (Decl [(FnProto function: (_) @name) (VarDecl variable_type_function: (_) @name)]))
(ContainerField field_member: (_) @name) @field
(ContainerField . (ErrorUnionExpr (SuffixExpr . variable_type_function: (_) @name .) .) .) @constant
(TestDecl (STRINGLITERALSINGLE) @name) @function
""",
)
