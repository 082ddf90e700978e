"""What archc calls the arguments that Keras, older releases of torch and papers call otherwise."""

RENAMED = {
    "axis": ("dim",),
    "dilation_rate": ("dilation",),
    "drop_prob": ("p",),
    "dropout": ("p",),
    "dropout_rate": ("p",),
    "epsilon": ("eps",),
    **dict.fromkeys(
        ("filters", "n_filters", "num_filters", "nf", "channels", "out_ch", "out_planes", "planes"),
        ("out_channels",),
    ),
    **dict.fromkeys(
        ("out", "output", "outputs", "out_dim", "n_out", "width"), ("out_channels", "out_features")
    ),
    "bias_term": ("bias",),
    "dilations": ("dilation",),
    "group": ("groups",),
    **dict.fromkeys(("heads", "n_heads", "num_attention_heads"), ("num_heads", "nhead")),
    **dict.fromkeys(("hidden", "hidden_dim", "n_hidden"), ("hidden_size",)),
    **dict.fromkeys(("layers", "n_layers"), ("num_layers",)),
    "pad": ("padding",),
    "pads": ("padding",),
    "size": ("kernel_size", "scale_factor"),
    "strides": ("stride",),
    **dict.fromkeys(
        ("input_dim", "n_vocab", "num_tokens", "vocab", "vocab_size", "vocabulary"),
        ("num_embeddings",),
    ),
    "kernel": ("kernel_size",),
    "keepdims": ("keepdim",),
    "alpha": ("negative_slope",),
    **dict.fromkeys(("d_model", "dim", "embed_dim", "output_dim"), ("embedding_dim",)),
    **dict.fromkeys(("dim_ff", "ffn_dim", "d_ff"), ("dim_feedforward",)),
    "pool_size": ("kernel_size", "output_size"),
    "prob": ("p",),
    "rate": ("p",),
    "scale": ("scale_factor",),
    "units": ("out_features", "hidden_size"),
    "use_bias": ("bias",),
}
"""The name elsewhere → the names in archc, of which a layer has one."""

_NO_SHAPE = "leave it out: the size of the input is known from `inputs:`"
_INITIALISED = "leave it out: how weights begin stands under `init:`"
_NOT_HERE = "leave it out: a loaded network moves with `.to(…)`"
WRITTEN = {
    "activation": "write the activation behind the layer: `-> relu`",
    "batch_input_shape": _NO_SHAPE,
    "bias_initializer": _INITIALISED,
    "device": _NOT_HERE,
    "dtype": _NOT_HERE,
    "input_shape": _NO_SHAPE,
    "keep_prob": "`p` is the part that is dropped: write `p=` and 1 less what is kept",
    "kernel_initializer": _INITIALISED,
    "name": "write the name before the layer: `name: Layer(…)`",
}
"""The argument elsewhere → what to write instead."""
