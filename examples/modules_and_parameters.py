"""Name and walk the modules and the parameters of a network, and freeze some of them."""

import archc


def main() -> None:
    model = archc.load("simple_cnn", seed=0)

    print("children:", [name for name, _ in model.named_children()])
    print("in layer1:", [name for name, _ in model.get_submodule("layer1").named_children()])
    for name, parameter in list(model.named_parameters())[:4]:
        print(f"{name:20} {tuple(parameter.shape)}")

    # Freeze all but the last layers: what one does to adapt a trained network.
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith("layer4.")
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    print(f"trained: {trained:,} of {sum(p.numel() for p in model.parameters()):,}")


if __name__ == "__main__":
    main()
